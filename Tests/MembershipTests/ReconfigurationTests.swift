import EtcdAPI
import Identifiers
import MonotonicClock
import Testing

@testable import Membership

/// A cluster in short notation: `S` is a started voter, `u` one that never started, `L` a learner.
/// Members are numbered from 1; 1 is the local one.
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
    _ text: String, connected: [UInt64], since: MonotonicTime = .zero,
    isStrict: Bool = true
) throws -> ReconfigurationRules {
    let connected = Set(connected.map { id($0) })
    return ReconfigurationRules(
        try cluster(text), isStrict: isStrict, now: MonotonicTime(milliseconds: 10_000)
    ) { connected.contains($0) ? since : nil }
}

/// The error of a check; nil when it passes.
private func rejection(_ check: () throws -> Void) throws -> EtcdError? {
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
        #expect(try rejection { try rules.checkAddition(isLearner: false) } == expected)
    }

    @Test(
        "adding a learner requires healthy members, but no more started ones",
        arguments: [
            ("S", [], nil), ("Su", [], .unhealthy), ("SS", [2], nil), ("SSS", [2], .unhealthy),
            ("SSu", [2], .unhealthy), ("SSS", [2, 3], nil),
        ] as [(String, [UInt64], EtcdError?)])
    func learner(_ cluster: String, _ connected: [UInt64], _ expected: EtcdError?) throws {
        let rules = try rules(cluster, connected: connected)
        #expect(try rejection { try rules.checkAddition(isLearner: true) } == expected)
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
        #expect(try rejection { try rules.checkRemoval(of: id(target)) } == expected)
    }

    @Test(
        "promoting a learner",
        arguments: [
            ("SL", 100, 100, nil), ("SL", 90, 100, nil), ("SL", 89, 100, .learnerNotReady),
            ("SL", nil, 100, .memberNotFound), ("SL", 0, 0, nil),
            ("SuuL", 100, 100, .memberNotEnoughStarted), ("SuL", 100, 100, nil),
        ] as [(String, LogIndex?, LogIndex, EtcdError?)])
    func promotion(
        _ cluster: String, _ match: LogIndex?, _ leader: LogIndex, _ expected: EtcdError?
    ) throws {
        let rules = try rules(cluster, connected: [])
        #expect(
            try rejection {
                try rules.checkPromotion(matchIndex: match, leaderIndex: leader)
            } == expected)
    }

    @Test func countsOnlyMembersThatAreConnectedForFiveSeconds() throws {
        // The time is 10,000: connected since 5,000 is not long enough, earlier is.
        for (since, expected) in [(4_999, nil), (5_000, EtcdError.unhealthy), (9_999, .unhealthy)] {
            let rules = try rules(
                "SS", connected: [2], since: MonotonicTime(milliseconds: Int64(since)))
            #expect(try rejection { try rules.checkAddition(isLearner: false) } == expected)
        }
    }

    @Test func isNotCheckedWhenDisabled() throws {
        let rules = try rules("Suuu", connected: [], isStrict: false)
        #expect(try rejection { try rules.checkAddition(isLearner: false) } == nil)
        #expect(try rejection { try rules.checkRemoval(of: id(1)) } == nil)
        // A lagging learner is never promoted.
        #expect(
            try rejection {
                try rules.checkPromotion(matchIndex: 5, leaderIndex: 100)
            } == .learnerNotReady)
    }
}
