import FoundationEssentials
import Linearizability

/// A file of calls, one JSON object on each line.
enum HistoryFile {
    static func read(_ path: String) throws -> StoreHistory {
        try parse(String(decoding: Data(contentsOf: URL(filePath: path)), as: UTF8.self))
    }

    static func parse(_ text: String) throws(HistoryError) -> StoreHistory {
        var calls: [StoreCall] = []
        for (index, line) in text.split(separator: "\n").enumerated() {
            let form = try HistoryLine.parse(line, number: index + 1)
            do {
                calls.append(try call(form))
            } catch {
                throw HistoryError(line: index + 1, reason: error.reason)
            }
        }
        return StoreHistory(calls)
    }

    private static func call(_ form: HistoryLine) throws(MalformedForm) -> StoreCall {
        let operation = try form.operation.decoded()
        guard let (response, returned) = try form.response() else {
            return StoreCall(client: form.client, operation: operation, calledAt: form.called)
        }
        return StoreCall(
            client: form.client, operation: operation, calledAt: form.called,
            response: response, returnedAt: returned)
    }
}
