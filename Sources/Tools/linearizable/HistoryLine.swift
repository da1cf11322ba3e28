import FoundationEssentials
import Identifiers
import Linearizability

/// One line of a history file: a call, and its response if there is one.
///
/// An operation is `{"put": [key, value]}`, `{"delete": key}`, `{"range": [key]}`,
/// `{"range": [key, end]}` or
/// `{"transaction": {"compare": [..], "success": [..], "failure": [..]}}`
/// with comparisons `{"key": k, "relation": "=", "version": 1}`. A result is `{"put": true}`,
/// `{"deleted": count}`, `{"range": [pair, ..]}` or
/// `{"transaction": {"succeeded": true, "results": [..]}}`. Times are nanoseconds of one clock.
struct HistoryLine: Decodable {
    let client: Int
    let called: Int
    let operation: OperationForm
    let returned: Int?
    let revision: Int64?
    let result: ResultForm?

    /// Parses a line; errors have its number.
    static func parse(_ line: Substring, number: Int) throws(HistoryError) -> HistoryLine {
        do {
            return try JSONDecoder().decode(HistoryLine.self, from: Data(line.utf8))
        } catch {
            throw HistoryError(line: number, reason: "\(error)")
        }
    }

    /// The response; nil if there is none. Its three parts must be all present or all absent.
    func response() throws(MalformedForm) -> (response: StoreResponse, returned: Int)? {
        switch (returned, revision, result) {
        case (nil, nil, nil): return nil
        case (let returned?, let revision?, let result?):
            guard returned > called else { throw MalformedForm("a response before its call") }
            return (StoreResponse(revision: Revision(revision), try result.decoded()), returned)
        default: throw MalformedForm("a response needs returned, revision and result")
        }
    }
}

/// Why a JSON object is not a valid call.
struct MalformedForm: Error {
    let reason: String

    init(_ reason: String) { self.reason = reason }
}

/// Why a history cannot be read, and its line.
struct HistoryError: Error, CustomStringConvertible {
    let line: Int
    let reason: String

    var description: String { "line \(line): \(reason)" }
}

/// An operation; exactly one of the fields is present.
struct OperationForm: Decodable {
    let put: [String]?
    let delete: String?
    let range: [String]?
    let transaction: TransactionForm?

    struct TransactionForm: Decodable {
        let compare: [ComparisonForm]
        let success: [OperationForm]
        let failure: [OperationForm]
    }

    func decoded() throws(MalformedForm) -> StoreOperation {
        switch (put, delete, range, transaction) {
        case (let put?, nil, nil, nil) where put.count == 2:
            return .put(key: put[0], value: put[1])
        case (nil, let key?, nil, nil): return .delete(key: key)
        case (nil, nil, let range?, nil) where range.count == 1:
            return .range(key: range[0], end: nil)
        case (nil, nil, let range?, nil) where range.count == 2:
            return .range(key: range[0], end: range[1])
        case (nil, nil, nil, let transaction?):
            return .transaction(
                try each(transaction.compare) { form throws(MalformedForm) in try form.decoded() },
                success: try each(transaction.success) { form throws(MalformedForm) in
                    try form.decoded()
                },
                failure: try each(transaction.failure) { form throws(MalformedForm) in
                    try form.decoded()
                })
        default: throw MalformedForm("not one operation")
        }
    }
}

/// A comparison of a transaction.
struct ComparisonForm: Decodable {
    let key: String
    let relation: String
    let version: Int64?
    let created: Int64?
    let modified: Int64?
    let value: String?

    func decoded() throws(MalformedForm) -> StoreOperation.Comparison {
        let relations: [String: StoreOperation.Comparison.Relation] = [
            "=": .equal, "!=": .notEqual, "<": .less, ">": .greater,
        ]
        guard let relation = relations[relation] else {
            throw MalformedForm("no relation: \(relation)")
        }
        return StoreOperation.Comparison(key: key, relation, try target())
    }

    private func target() throws(MalformedForm) -> StoreOperation.Comparison.Target {
        switch (version, created, modified, value) {
        case (let version?, nil, nil, nil): .version(version)
        case (nil, let created?, nil, nil): .created(Revision(created))
        case (nil, nil, let modified?, nil): .modified(Revision(modified))
        case (nil, nil, nil, let value?): .value(value)
        default: throw MalformedForm("not one target of a comparison")
        }
    }
}

/// A result; exactly one of the fields is present.
struct ResultForm: Decodable {
    let put: Bool?
    let deleted: Int?
    let range: [PairForm]?
    let transaction: TransactionForm?

    struct PairForm: Decodable {
        let key: String
        let value: String
        let created: Int64
        let modified: Int64
        let version: Int64
    }

    struct TransactionForm: Decodable {
        let succeeded: Bool
        let results: [ResultForm]
    }

    func decoded() throws(MalformedForm) -> StoreResponseBody {
        switch (put, deleted, range, transaction) {
        case (true?, nil, nil, nil): return .put()
        case (nil, let count?, nil, nil): return .deleted(count)
        case (nil, nil, let pairs?, nil):
            return .range(
                pairs.map {
                    StoredPair(
                        key: $0.key, value: $0.value, created: Revision($0.created),
                        modified: Revision($0.modified),
                        version: $0.version)
                })
        case (nil, nil, nil, let transaction?):
            return .transaction(
                succeeded: transaction.succeeded,
                try each(transaction.results) { form throws(MalformedForm) in try form.decoded() })
        default: throw MalformedForm("not one result")
        }
    }
}

/// `map` with a typed error.
func each<Form, Decoded>(
    _ forms: [Form], _ decode: (Form) throws(MalformedForm) -> Decoded
) throws(MalformedForm) -> [Decoded] {
    var all: [Decoded] = []
    for form in forms { all.append(try decode(form)) }
    return all
}
