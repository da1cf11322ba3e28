import EtcdAPI
import Testing

@testable import Membership

/// Clusters in short: `S` a started voter, `u` one that never started, `L` a learner. The members
/// are numbered from 1; 1 is the one asked.
private func cluster(_ text: String) throws -> ClusterMembership {
    var fixture = try MembershipFixture()
    for (index, kind) in text.enumerated() {
        let number = UInt64(index + 1)
        fixture.add(number, "http://m\(number):1", isLearner: kind == "L")
        guard kind != "u" else { continue }
        fixture.membership.publish(
            name: "m\(number)", clientURLs: [], of: id(number), into: &fixture.batch)
    }
    return fixture.membership
}

private func rules(
    _ text: String, connected: [UInt64], sinceMilliseconds: Int64 = 0, isStrict: Bool = true
) throws -> ReconfigurationRules {
    let connected = Set(connected.map { id($0) })
    return ReconfigurationRules(
        try cluster(text), isStrict: isStrict, nowMilliseconds: 10_000
    ) { connected.contains($0) ? sinceMilliseconds : nil }
}

/// What a check refuses with; nil when it lets pass.
private func refusal(_ check: () throws -> Void) throws -> EtcdError? {
    do {
        try check()
        return nil
    } catch let error as EtcdError {
        return error
    }
}

@Suite("Strict reconfiguration")
struct ReconfigurationTests {
    @Test(
        "adding a voter",
        arguments: [
            ("S", [], nil), ("Su", [], .memberNotEnoughStarted), ("SS", [2], nil),
            ("SS", [], .unhealthy), ("SSS", [2, 3], nil), ("SSS", [2], .unhealthy),
            ("SSu", [2], .memberNotEnoughStarted), ("Suu", [], .memberNotEnoughStarted),
            ("SSSS", [2, 3], nil), ("SSSS", [2], .unhealthy), ("SL", [], nil),
            ("u", [], .memberNotEnoughStarted),
        ] as [(String, [UInt64], EtcdError?)])
    func addition(_ cluster: String, _ connected: [UInt64], _ expected: EtcdError?) throws {
        let rules = try rules(cluster, connected: connected)
        #expect(try refusal { try rules.checkAddition(isLearner: false) } == expected)
    }

    @Test(
        "adding a learner asks for no more started members, but for healthy ones",
        arguments: [
            ("S", [], nil), ("Su", [], .unhealthy), ("SS", [2], nil), ("SSS", [2], .unhealthy),
            ("SSu", [2], .unhealthy), ("SSS", [2, 3], nil),
        ] as [(String, [UInt64], EtcdError?)])
    func learner(_ cluster: String, _ connected: [UInt64], _ expected: EtcdError?) throws {
        let rules = try rules(cluster, connected: connected)
        #expect(try refusal { try rules.checkAddition(isLearner: true) } == expected)
    }

    @Test(
        "removing a member",
        arguments: [
            ("S", [], 1, .memberNotEnoughStarted), ("Su", [], 2, nil),
            ("Su", [], 1, .memberNotEnoughStarted), ("SS", [2], 2, nil), ("SS", [2], 1, nil),
            ("SS", [], 2, nil), ("SSS", [2, 3], 3, nil), ("SSS", [2], 3, nil),
            ("SSS", [2], 2, .unhealthy), ("SSS", [2], 1, .unhealthy), ("SSS", [2, 3], 1, nil),
            ("SSSSS", [2, 3], 2, .unhealthy), ("SSSSS", [2, 3, 4], 2, nil), ("SL", [], 2, nil),
            ("SSu", [2], 2, .memberNotEnoughStarted), ("S", [], 9, nil),
        ] as [(String, [UInt64], UInt64, EtcdError?)])
    func removal(
        _ cluster: String, _ connected: [UInt64], _ target: UInt64, _ expected: EtcdError?
    ) throws {
        let rules = try rules(cluster, connected: connected)
        #expect(try refusal { try rules.checkRemoval(of: id(target)) } == expected)
    }

    @Test(
        "promoting a learner",
        arguments: [
            ("SL", 100, 100, nil), ("SL", 90, 100, nil), ("SL", 89, 100, .learnerNotReady),
            ("SL", nil, 100, .memberNotFound), ("SL", 0, 0, nil),
            ("SuuL", 100, 100, .memberNotEnoughStarted), ("SuL", 100, 100, nil),
        ] as [(String, UInt64?, UInt64, EtcdError?)])
    func promotion(
        _ cluster: String, _ match: UInt64?, _ leader: UInt64, _ expected: EtcdError?
    ) throws {
        let rules = try rules(cluster, connected: [])
        #expect(
            try refusal {
                try rules.checkPromotion(matchIndex: match, leaderIndex: leader)
            } == expected)
    }

    @Test func countsOnlyMembersThatAreConnectedForFiveSeconds() throws {
        // At 10,000 now: connected at 5,000 is not long enough, before that it is.
        for (since, expected) in [(4_999, nil), (5_000, EtcdError.unhealthy), (9_999, .unhealthy)] {
            let rules = try rules("SS", connected: [2], sinceMilliseconds: Int64(since))
            #expect(try refusal { try rules.checkAddition(isLearner: false) } == expected)
        }
    }

    @Test func isNotAskedWhenItIsOff() throws {
        let rules = try rules("Suuu", connected: [], isStrict: false)
        #expect(try refusal { try rules.checkAddition(isLearner: false) } == nil)
        #expect(try refusal { try rules.checkRemoval(of: id(1)) } == nil)
        // A learner that lags gets no vote in any case.
        #expect(
            try refusal {
                try rules.checkPromotion(matchIndex: 5, leaderIndex: 100)
            } == .learnerNotReady)
    }
}
