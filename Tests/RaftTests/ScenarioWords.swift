@testable import Raft
import Identifiers

/// The words of one line, consumed from left to right.
struct Words {
    private var words: ArraySlice<String>

    init(_ line: Substring) {
        words = line.split(separator: " ").map(String.init)[...]
    }

    var isEmpty: Bool {
        words.isEmpty
    }

    mutating func next() -> String? {
        words.popFirst()
    }

    mutating func word() throws(ScenarioError) -> String {
        guard let word = words.popFirst() else { throw ScenarioError("a word is missing") }
        return word
    }

    mutating func number() throws(ScenarioError) -> Int {
        guard let number = Int(try word()) else { throw ScenarioError("a number is missing") }
        return number
    }

    mutating func member() throws(ScenarioError) -> MemberID {
        MemberID(UInt64(try number()))
    }

    /// Consumes the following member IDs.
    mutating func members() -> [MemberID] {
        var members: [MemberID] = []
        while let word = words.first, let id = UInt64(word) {
            members.append(MemberID(id))
            words.removeFirst()
        }
        return members
    }

    /// Consumes the next word if it is this one.
    mutating func skip(_ word: String) -> Bool {
        guard words.first == word else { return false }
        words.removeFirst()
        return true
    }

    mutating func rest() -> [String] {
        defer { words = [] }
        return Array(words)
    }

    mutating func until(_ end: String) -> [String] {
        let taken = Array(words.prefix { $0 != end })
        words.removeFirst(taken.count)
        return taken
    }

    /// `TYPE A>B`.
    mutating func pattern() throws(ScenarioError) -> MessagePattern {
        let name = try word()
        let ends = try word().split(separator: ">").compactMap { UInt64($0) }
        guard let type = MessageType.allCases.first(where: { "\($0)" == name }), ends.count == 2
        else { throw ScenarioError("no such message type or route") }
        return MessagePattern(type: type, from: MemberID(ends[0]), to: MemberID(ends[1]))
    }
}

/// Matches messages by type, sender and receiver.
struct MessagePattern {
    var type: MessageType
    var from: MemberID
    var to: MemberID

    func matches(_ message: Message) -> Bool {
        message.type == type && message.from == from && message.to == to
    }
}
