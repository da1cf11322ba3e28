import Disk
import EtcdAPI
import Checkers
import Identifiers
import Linearizability

/// What clients know of the store when they choose a request.
struct LoadKnowledge {
    var leases: [Int64]
    var newestRevision: Revision
}

/// The next request of a simulated client, in the form that the checkers use.
///
/// The keys are few, so that clients conflict: puts with and without leases, deletions of keys and
/// ranges, previous pairs, transactions with all kinds of comparisons, some of them nested, and
/// reads with limits and at old revisions.
struct ClientLoad {
    private static let keys = ["a", "b", "c", "d", "e", "f"]
    private let client: Int
    private var nextValue = 0

    init(client: Int) { self.client = client }

    /// The next change, or transaction.
    mutating func next(
        _ knowledge: LoadKnowledge, _ generator: inout SeededGenerator
    ) -> StoreOperation {
        let key = Self.key(&generator)
        switch generator.number(below: 100) {
        case 0..<50: return put(key, knowledge, &generator)
        case 50..<62: return .delete(key: key, wantsPrevious: generator.happens(400_000))
        case 62..<66:
            return .delete(
                key: key, end: Self.end(after: key, &generator),
                wantsPrevious: generator.happens(500_000))
        default: return transaction(key, knowledge, isInner: false, &generator)
        }
    }

    /// A single read: of one key or a range, sometimes with a limit, or at an old revision.
    mutating func nextRead(
        _ knowledge: LoadKnowledge, _ generator: inout SeededGenerator
    ) -> RecordedRead {
        let key = Self.key(&generator)
        var request: RecordedRead
        switch generator.number(below: 4) {
        case 0: request = RecordedRead(KeyRange(key: "a", end: "z"))
        case 1: request = RecordedRead(KeyRange(key: key, end: Self.end(after: key, &generator)))
        default: request = RecordedRead(KeyRange(key: key))
        }
        if generator.happens(250_000) { request.limit = 1 + generator.number(below: 4) }
        if generator.happens(300_000) {
            request.revision = Self.oldRevision(knowledge, &generator)
        }
        if generator.happens(300_000) { Self.arrange(&request, knowledge, &generator) }
        return request
    }

    /// Sorts or bounds a read, or leaves out its values.
    private static func arrange(
        _ request: inout RecordedRead, _ knowledge: LoadKnowledge,
        _ generator: inout SeededGenerator
    ) {
        if generator.happens(700_000) {
            let targets = ReadOrder.Target.allCases
            request.order = ReadOrder(
                by: targets[generator.number(below: targets.count)],
                isDescending: generator.happens(500_000))
        }
        if generator.happens(300_000) { request.modified = bounds(knowledge, &generator) }
        if generator.happens(200_000) { request.created = bounds(knowledge, &generator) }
        switch generator.number(below: 5) {
        case 0: request.extent = .keys
        case 1: request.extent = .count
        default: break
        }
    }

    /// Revisions close to the newest, as lower bound, upper bound or both.
    private static func bounds(
        _ knowledge: LoadKnowledge, _ generator: inout SeededGenerator
    ) -> RevisionBounds {
        var recent: Revision {
            max(0, knowledge.newestRevision - generator.number(below: 40))
        }
        return RevisionBounds(
            least: generator.happens(600_000) ? recent : 0,
            greatest: generator.happens(600_000) ? recent : 0)
    }

    /// An old revision, maybe compacted; sometimes a future one.
    private static func oldRevision(
        _ knowledge: LoadKnowledge, _ generator: inout SeededGenerator
    ) -> Revision {
        let newest = knowledge.newestRevision
        let back = generator.number(below: Int(min(newest, 120).rawValue) + 1)
        return generator.happens(50_000) ? newest + 2 : max(newest - back, 1)
    }

    private static func key(_ generator: inout SeededGenerator) -> String {
        keys[generator.number(below: keys.count)]
    }

    /// The end of a range that begins at a key: a later key, or after all of them.
    private static func end(after key: String, _ generator: inout SeededGenerator) -> String {
        let later = keys.filter { $0 > key } + ["z"]
        return later[generator.number(below: later.count)]
    }

    /// Sometimes a value that is longer than a page or a sector.
    private mutating func freshValue(_ generator: inout SeededGenerator) -> String {
        nextValue += 1
        let isLong = generator.happens(125_000)
        return "\(client).\(nextValue)" + (isLong ? Self.filling : "")
    }

    private static let filling = String(repeating: "x", count: 1_500)

    private mutating func put(
        _ key: String, _ knowledge: LoadKnowledge, _ generator: inout SeededGenerator
    ) -> StoreOperation {
        .put(
            key: key, value: freshValue(&generator), lease: Self.lease(knowledge, &generator),
            wantsPrevious: generator.happens(300_000))
    }

    /// Mostly no lease.
    private static func lease(
        _ knowledge: LoadKnowledge, _ generator: inout SeededGenerator
    ) -> Int64 {
        guard !knowledge.leases.isEmpty, generator.happens(250_000) else { return 0 }
        return knowledge.leases[generator.number(below: knowledge.leases.count)]
    }
}

/// Transactions. On each path through one a key is put at most once, and not deleted as well.
extension ClientLoad {
    private mutating func transaction(
        _ key: String, _ knowledge: LoadKnowledge, isInner: Bool,
        _ generator: inout SeededGenerator
    ) -> StoreOperation {
        var comparisons = [comparison(key, knowledge, &generator)]
        if generator.happens(200_000) {
            comparisons.append(comparison(Self.key(&generator), knowledge, &generator))
        }
        var success: [StoreOperation] = [
            put(key, knowledge, &generator),
            .range(
                key: "a", end: "z",
                limit: generator.happens(300_000) ? 1 + generator.number(below: 3) : 0,
                revision: generator.happens(100_000)
                    ? Self.oldRevision(knowledge, &generator) : 0),
        ]
        var failure: [StoreOperation] = [.range(key: key, end: nil)]
        guard !isInner else {
            return .transaction(comparisons, success: success, failure: failure)
        }
        let other = Self.key(&generator)
        if other > key {
            success.append(
                .delete(
                    key: other, end: generator.happens(200_000) ? "z" : nil,
                    wantsPrevious: generator.happens(500_000)))
        } else if other < key, generator.happens(500_000) {
            let inner = transaction(other, knowledge, isInner: true, &generator)
            success.append(inner)
            if generator.happens(500_000) { failure.append(inner) }
        }
        return .transaction(comparisons, success: success, failure: failure)
    }

    private func comparison(
        _ key: String, _ knowledge: LoadKnowledge, _ generator: inout SeededGenerator
    ) -> StoreOperation.Comparison {
        let relations: [StoreOperation.Comparison.Relation] = [.equal, .notEqual, .less, .greater]
        let relation = relations[generator.number(below: relations.count)]
        let recent = max(0, knowledge.newestRevision - generator.number(below: 20))
        let target: StoreOperation.Comparison.Target =
            switch generator.number(below: 6) {
            case 0, 1: .version(Int64(generator.number(below: 4)))
            case 2: .created(generator.happens(500_000) ? 0 : recent)
            case 3: .modified(recent)
            case 4: .value("\(client).\(max(0, nextValue - generator.number(below: 3)))")
            default: .lease(Self.lease(knowledge, &generator))
            }
        let end = generator.happens(150_000) ? Self.end(after: key, &generator) : nil
        return StoreOperation.Comparison(key: key, end: end, relation, target)
    }
}
