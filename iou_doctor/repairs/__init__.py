"""Steps that repair an array: one small class in one file for each, listed in `table`.

A step is a frozen record of its parameters with a method `apply`; `step` holds the base class.
`repair` joins the steps that cure one fault with what that repair does to the score.
"""
