import Testing

@testable import Membership

/// Versions in short notation: `3.7` runs this program, `3.5*` upstream etcd, `?` is unreachable.
private func decision(
    _ current: String?, _ members: String, downgrade: String? = nil, isRaiseWanted: Bool = false
) -> VersionDecision {
    let versions = members.split(separator: " ").map { text -> VersionDecision.MemberVersion? in
        guard let server = SemanticVersion(text.filter { $0 != "*" }) else { return nil }
        return .init(server: server, isOwn: !text.hasSuffix("*"))
    }
    return VersionDecision(
        current: current.flatMap { SemanticVersion($0) },
        downgrade: .init(isEnabled: downgrade != nil, targetVersion: downgrade ?? ""),
        members: versions, isRaiseWanted: isRaiseWanted)
}

@Suite("Version decisions")
struct VersionDecisionTests {
    @Test(
        arguments: [
            (nil, "3.7.1", "3.7.0"), (nil, "3.7.1 3.7.1 3.7.1", "3.7.0"),
            (nil, "3.7.1 ?", "3.0.0"), (nil, "3.7.1 3.5.1*", "3.5.0"),
            ("3.0.0", "3.7.1 3.7.1", "3.7.0"), ("3.0.0", "3.7.1 ?", nil),
            ("3.0.0", "3.7.1 3.5.1*", "3.5.0"), ("3.7.0", "3.7.1 3.7.1", nil),
            ("3.7.0", "3.7.1 ?", nil), ("3.7.0", "3.7.1 3.6.4*", nil),
        ] as [(String?, String, String?)])
    func agreeOnTheLowestMember(_ current: String?, _ members: String, _ next: String?) throws {
        #expect(try decision(current, members).next() == next.flatMap { SemanticVersion($0) })
    }

    /// From 3.6 on `etcdctl downgrade` can restore the version, so raising it is reversible.
    @Test(arguments: ["3.7.1", "3.7.1 3.7.1", "3.7.1 3.7.1*"])
    func raiseAVersionThatADowngradeCanRestore(members: String) throws {
        let raising = decision("3.6.0", members)
        #expect(try raising.next() == SemanticVersion(3, 7))
        #expect(!raising.isHeld)
    }

    @Test(arguments: ["3.1.0", "3.4.0", "3.5.0"])
    func holdAVersionThatCannotBeRestoredWhileAllMembersRunThisProgram(version: String) throws {
        for members in ["3.7.1", "3.7.1 3.7.1 3.7.1"] {
            let holding = decision(version, members)
            #expect(try holding.next() == nil)
            #expect(holding.isHeld)
            let wanted = decision(version, members, isRaiseWanted: true)
            #expect(try wanted.next() == SemanticVersion(3, 7))
            #expect(!wanted.isHeld)
        }
    }

    /// Only versions that would be raised otherwise are held.
    @Test func holdNothingWithAnUpstreamMember() throws {
        // An upstream member would raise it as soon as it leads.
        #expect(try decision("3.5.0", "3.7.1 3.6.4*").next() == SemanticVersion(3, 6))
        for holding in [
            decision("3.5.0", "3.7.1 3.6.4*"), decision("3.5.0", "3.7.1 3.5.1*"),
            decision("3.5.0", "3.7.1 ?"), decision(nil, "3.7.1"), decision("3.0.0", "3.7.1"),
            decision("3.7.0", "3.7.1"), decision("3.5.0", "3.7.1", downgrade: "3.4.0"),
        ] { #expect(!holding.isHeld) }
    }

    @Test func lowerTheVersionImmediatelyForADowngrade() throws {
        #expect(
            try decision("3.7.0", "3.7.1 3.7.1", downgrade: "3.6.0").next()
                == SemanticVersion(3, 6))
        #expect(try decision("3.6.0", "3.7.1", downgrade: "3.6.0").next() == nil)
        #expect(try decision("3.7.0", "3.7.1 ?", downgrade: "3.6.0").next() == nil)
        for target in ["3.5.0", "3.8.0", "nonsense"] {
            #expect(throws: VersionDecision.InvalidDowngrade.self) {
                try decision("3.7.0", "3.7.1", downgrade: target).next()
            }
        }
        #expect(throws: VersionDecision.InvalidDowngrade.self) {
            try decision("3.7.0", "3.7.1 3.6.1*", downgrade: "3.6.0").next()
        }
    }

    @Test func detectACompletedDowngrade() {
        let target = SemanticVersion(3, 6)
        #expect(decision("3.6.0", "3.6.4* 3.6.0*").haveAllReached(target))
        #expect(!decision("3.6.0", "3.6.4* 3.7.1").haveAllReached(target))
        #expect(!decision("3.6.0", "3.6.4* ?").haveAllReached(target))
    }
}
