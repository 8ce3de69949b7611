"""Questions about a QNode, one per file: each takes a QNode and answers with a Result."""
