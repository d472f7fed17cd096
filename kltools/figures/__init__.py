"""The figures of the book: one file a chapter, P and Q drawn the same way everywhere."""
