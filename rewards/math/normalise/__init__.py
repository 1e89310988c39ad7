"""Normal forms of expressions: quotients of sums of monomials. Begin with `exact`.

Modules, by what they do:

    the first form          exact, with powers, integers, trigonometry, polynomials
    before it               rewritten, binomial_theorem, derivation
"""
