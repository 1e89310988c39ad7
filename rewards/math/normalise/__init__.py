"""Normal forms of expressions: quotients of sums of monomials. Begin with `exact`.

Modules, by what they do:

    the first form          exact, with powers, integers, trigonometry, radicals, polynomials; forms: questions to it
    before it               rewritten, binomial_theorem, derivation
"""
