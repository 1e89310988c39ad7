"""Plain data as bytes, both ways, with bounds on size and depth; and framed messages over a pipe.

The parent speaks it too.

Modules, each of which imports only those before it:

    bounds      the limits, the number formats, and the interface of writers
    arrays      numpy arrays
    extended    dates, fractions, ranges and the like, as plain fields
    encoder     values to bytes
    decoder     bytes, which are not trusted, to values
    codec       both, as others use them
    channel     messages over a stream socket
"""
