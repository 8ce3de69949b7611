"""The command line: ``python -m pennylane_trainability``.

==================  ================================================================
``airline``         the series that is included, its trend, what its sampling can show
``comparison``      the built-in job: one model in four shapes, fitted to that series
``source``          a QNode and its arguments from a user's files
``analysis``        the report of that QNode, and the exit code
``picture``         pictures in a file
==================  ================================================================
"""
