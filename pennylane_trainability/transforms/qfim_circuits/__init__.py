"""The circuits that measure a QFIM: planned without numbers, chosen by cost, built as tapes."""
