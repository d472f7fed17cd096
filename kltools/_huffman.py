"""Huffman's tree, and the canonical codewords for its lengths."""


def tree_depths(weights):
    """Return the depths of the leaves of a Huffman tree over two or more ascending positive weights."""
    n = len(weights)
    # Merged weights arrive in ascending order: leaves and merged nodes are two sorted queues in one list.
    # At a tie the leaf goes first, which keeps the deepest leaf as high as it can be.
    weights, parent = list(weights), [0] * (2 * n - 2)
    leaf, merged = 0, n
    for node in range(n, 2 * n - 1):
        total = 0.0
        for _ in range(2):
            if leaf < n and (merged == node or weights[leaf] <= weights[merged]):
                child, leaf = leaf, leaf + 1
            else:
                child, merged = merged, merged + 1
            total += weights[child]
            parent[child] = node
        weights.append(total)
    depth = [0] * (2 * n - 1)
    for node in range(2 * n - 3, -1, -1):
        depth[node] = depth[parent[node]] + 1
    return depth[:n]


def canonical_codewords(lengths):
    """Return {symbol: codeword} for {symbol: length}: numbers that count up, by length, then symbol."""
    codewords, number, previous = {}, -1, 0
    for symbol in sorted(lengths, key=lambda symbol: (lengths[symbol], symbol)):
        number = (number + 1) << (lengths[symbol] - previous)
        previous = lengths[symbol]
        codewords[symbol] = format(number, f"0{previous}b")
    return codewords
