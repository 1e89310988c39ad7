"""Plain data as bytes, both ways, with bounds on size and depth; and framed messages over a pipe.

The parent speaks it too.

Modules, each of which imports only those before it:

    bounds, arrays, extended, encoder, decoder, codec, channel
"""
