import EtcdClient
import Testing

@Suite("Transactions", .serialized)
struct TransactionTests {
    @Test(arguments: ServerKind.available)
    func conditionsChooseTheOperations(kind: ServerKind) async throws {
        try await withCluster(kind) { client, _ in
            let acquire =
                Transaction
                .when(.isMissing("lock"))
                .then(.put("lock", "me"))
                .otherwise(.get("lock"))
            #expect(try await client.commit(acquire).succeeded)
            let second = try await client.commit(acquire)
            #expect(!second.succeeded)
            #expect(second.pairs.map(\.text) == ["me"])
            let pair = try #require(second.pairs.first)
            let holds: [Transaction.Condition] = [
                .exists("lock"), .isUnchanged("lock", since: pair.modRevision),
                .value(of: "lock", equals: "me"), .value(of: .key("lock"), .less, "mf"),
                .version(of: .prefix("lo"), .equal, 1), .lease(of: .key("lock"), .equal, nil),
                .createRevision(of: .key("lock"), .notEqual, 1),
            ]
            #expect(try await client.commit(Transaction(if: holds)).succeeded)
            let fails = Transaction.when(.version(of: .key("lock"), .greater, 1))
            #expect(try await client.commit(fails).succeeded == false)
        }
    }

    @Test(arguments: ServerKind.available)
    func operationsAndNestedTransactions(kind: ServerKind) async throws {
        try await withCluster(kind) { client, _ in
            try await client.put("old", "0")
            let nested = Transaction.when(.exists("old"), .isMissing("a"))
                .then(.put("b", "2"), .range(.prefix("a")))
            let response = try await client.commit(
                .always(
                    .put("a", "1", returnsPrevious: true), .delete("old", returnsPrevious: true),
                    .transaction(nested)))
            #expect(response.responses.count == 3)
            guard case .put(let put) = response.responses[0],
                case .delete(let delete) = response.responses[1],
                case .transaction(let inner) = response.responses[2]
            else {
                Issue.record("\(response.responses)")
                return
            }
            #expect(put.previous == nil)
            #expect(delete.previous.map(\.text) == ["0"])
            #expect(inner.succeeded)
            #expect(inner.pairs.map(\.text) == ["1"])
            #expect(try await client.get("b")?.text == "2")
        }
    }

    @Test(arguments: ServerKind.available)
    func refusals(kind: ServerKind) async throws {
        try await withCluster(kind) { client, _ in
            await expect(reason: .duplicateKey) {
                try await client.commit(.always(.put("a", "1"), .put("a", "2")))
            }
            let many = Transaction(then: (0..<200).map { .put("k\($0)", "") })
            await expect(reason: .tooManyOperations) { try await client.commit(many) }
        }
    }
}
