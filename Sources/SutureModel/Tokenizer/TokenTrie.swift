// SPDX-License-Identifier: Apache-2.0

/// The tokens of a vocabulary as a tree of bytes, to find all tokens that a text has at a place in one walk.
///
/// The nodes are in breadth-first order, so the children of a node lie side by side and end where those of the next node
/// begin. Within a node they are sorted by their byte.
struct TokenTrie: Sendable {
    static let root: Int32 = 0

    /// For each node, the byte that leads to it.
    private var labels: [UInt8] = []
    /// For each node and for the end, its first child.
    private var firstChildren: [Int32] = []
    /// For each node, the token that ends there, or -1.
    private var ids: [Int32] = []

    /// Makes the tree of the tokens of a vocabulary; the empty token is left out.
    init(_ vocabulary: TokenVocabulary) {
        var draft = Draft()
        for id in 0..<vocabulary.endID {
            if let bytes = vocabulary.bytes(for: id), !bytes.isEmpty { draft.insert(bytes, id: Int32(id)) }
        }
        var order: [Int32] = [Self.root]
        var next = 0
        while next < order.count {
            let node = Int(order[next])
            next += 1
            labels.append(draft.nodes[node].label)
            ids.append(draft.nodes[node].id)
            firstChildren.append(Int32(order.count))
            order.append(contentsOf: draft.children(of: node))
        }
        firstChildren.append(Int32(order.count))
    }

    /// The node that a byte leads to, nil where no token goes on like this.
    func child(of node: Int32, _ byte: UInt8) -> Int32? {
        var low = firstChildren[Int(node)]
        var high = firstChildren[Int(node) + 1]
        while low < high {
            let middle = (low + high) / 2
            if labels[Int(middle)] < byte { low = middle + 1 } else { high = middle }
        }
        return low < firstChildren[Int(node) + 1] && labels[Int(low)] == byte ? low : nil
    }

    /// The token that ends at a node, nil where none does.
    func id(at node: Int32) -> Int32? {
        ids[Int(node)] >= 0 ? ids[Int(node)] : nil
    }
}

/// The tree while it grows: the children of a node are a list in no order.
private struct Draft {
    struct Node {
        var label: UInt8
        var id: Int32 = -1
        var firstChild: Int32 = -1
        var nextSibling: Int32 = -1
    }

    var nodes = [Node(label: 0)]

    mutating func insert(_ token: ArraySlice<UInt8>, id: Int32) {
        var node = 0
        for byte in token {
            var child = Int(nodes[node].firstChild)
            while child >= 0, nodes[child].label != byte { child = Int(nodes[child].nextSibling) }
            if child < 0 {
                child = nodes.count
                nodes.append(Node(label: byte, nextSibling: nodes[node].firstChild))
                nodes[node].firstChild = Int32(child)
            }
            node = child
        }
        nodes[node].id = id
    }

    /// The children of a node, sorted by their byte.
    func children(of node: Int) -> [Int32] {
        var children: [Int32] = []
        var child = nodes[node].firstChild
        while child >= 0 {
            children.append(child)
            child = nodes[Int(child)].nextSibling
        }
        return children.sorted { nodes[Int($0)].label < nodes[Int($1)].label }
    }
}
