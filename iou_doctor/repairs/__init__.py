"""Steps that repair an array: one small class in one file for each, listed in `table`.

A step is a frozen record of its parameters with a method `apply`; `step` holds the base class.
`step_code` writes each kind of step as Python to paste.
`repair` joins the steps that remove one fault with their effect on the score.
"""
