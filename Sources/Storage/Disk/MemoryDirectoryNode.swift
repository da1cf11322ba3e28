/// One directory of a `MemoryDisk`: its current names, the names after a power failure, and the
/// changes between the two, which become durable in order.
final class MemoryDirectoryNode {
    enum Child {
        case file(MemoryFileNode)
        case directory(MemoryDirectoryNode)
    }

    enum Change {
        case add(String, Child)
        case remove(String)
        case rename(String, to: String)
    }

    private(set) var children: [String: Child] = [:]
    private var durableChildren: [String: Child] = [:]
    private var unsynced: [Change] = []

    /// Names ascending by bytes.
    var sortedNames: [String] {
        children.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    func apply(_ change: Change) {
        change.apply(to: &children)
        unsynced.append(change)
    }

    func synchronize() {
        for change in unsynced { change.apply(to: &durableChildren) }
        unsynced.removeAll()
    }

    /// A failed fsync: a random part is durable, and the rest is never made durable later.
    func failSynchronize(_ generator: inout SeededGenerator) {
        for change in unsynced.prefix(generator.survivors(of: unsynced.count)) {
            change.apply(to: &durableChildren)
        }
        unsynced.removeAll()
    }

    /// The directory and its subtree after a power failure now.
    func afterCrash(_ generator: inout SeededGenerator) -> MemoryDirectoryNode {
        var survivors = durableChildren
        for change in unsynced.prefix(generator.survivors(of: unsynced.count)) {
            change.apply(to: &survivors)
        }
        let result = MemoryDirectoryNode()
        // Ascending names: the result depends on the seed alone, not on the hash order.
        for name in survivors.keys.sorted() {
            switch survivors[name] {
            case .file(let file):
                let content = file.contentAfterCrash(&generator)
                result.children[name] = .file(MemoryFileNode(content: content))
            case .directory(let directory):
                result.children[name] = .directory(directory.afterCrash(&generator))
            case nil: break
            }
        }
        result.durableChildren = result.children
        return result
    }

    /// Bytes of all files in the directory's subtree.
    func sizeBytes() -> Int {
        children.values.reduce(0) { sum, child in
            switch child {
            case .file(let file): sum + file.live.count
            case .directory(let directory): sum + directory.sizeBytes()
            }
        }
    }
}

extension MemoryDirectoryNode.Change {
    fileprivate func apply(to children: inout [String: MemoryDirectoryNode.Child]) {
        switch self {
        case .add(let name, let child): children[name] = child
        case .remove(let name): children[name] = nil
        case .rename(let source, let destination):
            if let child = children.removeValue(forKey: source) { children[destination] = child }
        }
    }
}
