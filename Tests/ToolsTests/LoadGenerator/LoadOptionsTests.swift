import Testing

@testable import loadgenerator

@Suite("loadgenerator: options")
struct LoadOptionsTests {
    @Test func keySpanOfATransactionIsItsLongerPart() throws {
        let options = try LoadOptions(arguments: [
            "txn", "--puts", "4", "--compares", "2", "--keys", "100",
        ])
        #expect(options.keySpan == 4)
        #expect(options.firstKeyCount == 97)
    }

    @Test func leasesAreGrantedOnceInOrder() throws {
        let options = try LoadOptions(arguments: ["lease-grant", "--leases", "500"])
        #expect(options.total == 500)
        #expect(options.isAscending)
        #expect(options.firstKeyCount == 500)
        #expect(options.leaseID(of: 0) == 1)
    }

    @Test func oneSnapshotIsReadByDefault() throws {
        #expect(try LoadOptions(arguments: ["snapshot"]).total == 1)
        #expect(try LoadOptions(arguments: ["snapshot", "--total", "3"]).total == 3)
        #expect(try LoadOptions(arguments: ["snapshot", "--seconds", "2"]).total == 0)
    }

    @Test func holdAndWatchUseOneLoop() throws {
        for command in ["hold", "watch"] {
            let arguments = [command, "--connections", "8", "--loops", "4"]
            #expect(try LoadOptions(arguments: arguments).loops == 1)
        }
        let put = try LoadOptions(arguments: ["put", "--connections", "2", "--loops", "4"])
        #expect(put.loops == 2)
    }

    @Test func connectionsAreDistributedRoundRobin() throws {
        let options = try LoadOptions(arguments: ["put", "--endpoint", "a:1,b:2"])
        #expect((0..<4).map { options.endpoint(of: $0).port } == [1, 2, 1, 2])
    }

    @Test(arguments: [
        ["nosuch"], ["put", "--nosuch", "1"], ["put", "--keys"], ["put", "--keys", "0"],
        ["put", "--rate", "-1"], ["put", "--endpoint", "host"], ["keepalive"],
        ["range", "--keys", "9", "--range-size", "10"], ["txn", "--keys", "3", "--puts", "4"],
        ["put", "--key-size", "4", "--keys", "10000"], ["watch", "--value-size", "7"],
        ["watch", "--phases"], ["notify", "--connections", "3", "--streams", "4", "--keys", "11"],
    ])
    func refusesInvalidOptions(arguments: [String]) {
        #expect(throws: OptionError.self) { try LoadOptions(arguments: arguments) }
    }
}
