/// The name of a user or a role.
///
/// Names are equal if their bytes are, and ordered by their bytes, as in etcd. Swift's strings are
/// also equal when they are only canonically equivalent.
package struct AuthName: Hashable, Comparable, Sendable {
    package let text: String

    package init(_ text: String) { self.text = text }

    /// The user, and the role, that may do everything.
    package static let root = AuthName("root")

    package var isEmpty: Bool { text.isEmpty }

    /// The key in the bucket of users or roles.
    var storageKey: [UInt8] { Array(text.utf8) }

    package static func == (left: AuthName, right: AuthName) -> Bool {
        left.text.utf8.count == right.text.utf8.count
            && left.text.utf8.elementsEqual(right.text.utf8)
    }

    package static func < (left: AuthName, right: AuthName) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        let isHashed: Void? = text.utf8.withContiguousStorageIfAvailable { utf8 in
            hasher.combine(bytes: UnsafeRawBufferPointer(utf8))
        }
        if isHashed == nil { for byte in text.utf8 { hasher.combine(byte) } }
    }
}

extension AuthName {
    /// The longest key of a bbolt file. etcd ends with a fatal error at a longer name, and at every
    /// start after it.
    package static let bytesMax = 32_768

    /// Whether a new user or role may have this name, apart from being empty: it fits into the
    /// database, and printing it cannot change a terminal or a log.
    package var isStorable: Bool {
        text.utf8.count <= Self.bytesMax
            && text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    }
}

extension [AuthName] {
    /// Whether an ascending list has a name.
    func containsSorted(_ name: AuthName) -> Bool {
        let index = sortedIndex { $0 < name }
        return index < count && self[index] == name
    }
}

extension Array {
    /// Index of the first element that is not below the searched one, in an ascending list.
    ///
    /// - Parameter isBelow: whether an element is below the searched one.
    func sortedIndex(_ isBelow: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isBelow(self[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
