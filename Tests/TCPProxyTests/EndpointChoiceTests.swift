import Testing

@testable import TCPProxy

@Suite("Which endpoint a connection goes to")
struct EndpointChoiceTests {
    private var generator = SystemRandomNumberGenerator()

    private func endpoint(
        _ port: UInt16, priority: UInt16 = 0, weight: UInt16 = 0
    ) -> ProxyEndpoint {
        ProxyEndpoint(host: "127.0.0.1", port: port, priority: priority, weight: weight)
    }

    private mutating func next(_ choice: inout EndpointChoice, _ count: Int) -> [Int?] {
        (0..<count).map { _ in choice.next(using: &generator) }
    }

    @Test mutating func endpointsWithoutWeightAreUsedInRotation() {
        var choice = EndpointChoice([endpoint(1), endpoint(2), endpoint(3)])
        #expect(next(&choice, 4) == [0, 1, 2, 0])
        choice.deactivate(1)
        #expect(next(&choice, 4) == [2, 0, 2, 0])
        choice.activate(1)
        #expect(next(&choice, 3) == [1, 2, 0])
    }

    @Test mutating func onlyTheBestPriorityIsUsed() {
        var choice = EndpointChoice([
            endpoint(1, priority: 5), endpoint(2), endpoint(3, priority: 5), endpoint(4),
        ])
        #expect(next(&choice, 4) == [1, 3, 1, 3])
        choice.deactivate(1)
        choice.deactivate(3)
        #expect(next(&choice, 3) == [0, 2, 0])
        choice.deactivate(0)
        choice.deactivate(2)
        #expect(next(&choice, 1) == [nil])
        #expect(choice.inactive == [0, 1, 2, 3])
    }

    @Test mutating func connectionsFollowTheWeights() {
        var choice = EndpointChoice([
            endpoint(1, weight: 3), endpoint(2, weight: 1), endpoint(3),
        ])
        var counts = [0, 0, 0]
        for index in next(&choice, 10_000) { counts[index ?? 0] += 1 }
        #expect(counts[0] > 2 * counts[1] && counts[1] > 2 * counts[2] && counts[2] > 0)
        choice.deactivate(0)
        choice.deactivate(1)
        #expect(next(&choice, 2) == [2, 2])
    }

    @Test mutating func greatWeightsDoNotOverflow() {
        var choice = EndpointChoice((0..<300).map { endpoint($0, weight: .max) })
        #expect(!next(&choice, 100).contains(nil))
    }

    @Test(arguments: [
        ("a:1", "a", "1"), ("[::1]:2", "::1", "2"), (":3", "", "3"), ("a:", "a", ""),
    ])
    func addressesAreSplit(text: String, host: String, port: String) throws {
        let parts = try #require(ProxyEndpoint.split(text))
        #expect(parts == (host, port))
    }

    @Test(arguments: ["", "a", "::1:2", "[::1]", "[::1:2", "a]:1", "[a]b:1"])
    func otherTextsAreNoAddresses(text: String) {
        #expect(ProxyEndpoint.split(text) == nil)
    }
}
