"""The circuits that measure a gradient: planned without numbers, chosen by cost, built as tapes."""
