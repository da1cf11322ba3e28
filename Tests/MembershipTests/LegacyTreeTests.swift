import FoundationEssentials
import Testing

@testable import Membership

@Suite("v2 store tree")
struct LegacyTreeTests {
    /// A node of the tree in etcd's format.
    private struct Node: Decodable {
        var Path: String
        var Value: String
        var Children: [String: Node]?

        subscript(path: String...) -> Node? {
            path.reduce(self) { $0?.Children?[$1] }
        }
    }

    private struct Tree: Decodable {
        struct Watchers: Decodable { var EventHistory: History }
        struct History: Decodable { var Queue: Queue }
        struct Queue: Decodable {
            var Events: [String?]
            var Capacity: Int
        }
        var Root: Node
        var WatcherHub: Watchers
        var CurrentVersion: Int
        var Stats: [String: Int]
    }

    private func parsed(_ membership: ClusterMembership) throws -> Tree {
        try JSONDecoder().decode(Tree.self, from: Data(membership.legacyTreeJSON.utf8))
    }

    @Test func containsMembersRemovedMembersAndTheVersion() throws {
        var fixture = try MembershipFixture()
        fixture.add(0xAB, "http://a:1")
        fixture.add(0xCD, "http://b:1", isLearner: true)
        fixture.add(0xEF, "http://c:1")
        fixture.membership.remove(id(0xEF), into: &fixture.batch)
        fixture.membership.publish(
            name: "q\"<\\", clientURLs: ["http://x:1"], of: id(0xAB), into: &fixture.batch)
        fixture.membership.setVersion(SemanticVersion(3, 7), into: &fixture.batch)
        let tree = try parsed(fixture.membership)
        let root = try #require(tree.Root["0"])
        #expect(root.Path == "/0")
        #expect(tree.Root["1"]?.Path == "/1")
        #expect(Set(try #require(root["members"]?.Children).keys) == ["ab", "cd"])
        let first = try #require(root["members", "ab"])
        #expect(first["raftAttributes"]?.Path == "/0/members/ab/raftAttributes")
        #expect(first["raftAttributes"]?.Value == #"{"peerURLs":["http://a:1"]}"#)
        #expect(
            first["attributes"]?.Value == fixture.membership[id(0xAB)]?.attributesJSON)
        #expect(root["members", "cd", "attributes"] == nil)
        #expect(
            root["members", "cd", "raftAttributes"]?.Value
                == #"{"peerURLs":["http://b:1"],"isLearner":true}"#)
        #expect(root["removed_members", "ef"]?.Path == "/0/removed_members/ef")
        #expect(root["version"]?.Value == "3.7.0")
        #expect(root["version"]?.Children == nil)
        #expect(tree.CurrentVersion == 2)
        #expect(tree.WatcherHub.EventHistory.Queue.Events.count == 1000)
        #expect(tree.WatcherHub.EventHistory.Queue.Capacity == 1000)
    }

    @Test func ofAnEmptyMembershipIsValid() throws {
        let tree = try parsed(try MembershipFixture().membership)
        #expect(tree.Root["0", "members"]?.Children?.isEmpty == true)
        #expect(tree.Root["0", "removed_members"] == nil)
        #expect(tree.Root["0", "version"] == nil)
    }

    @Test func requestsPublishAttributesAndVersions() {
        func change(_ path: String, _ value: String) -> ClusterMembership.LegacyChange? {
            ClusterMembership.legacyChange(path: path, value: value)
        }
        #expect(
            change("/0/members/8e9e05c52164694d/attributes", #"{"name":"n","clientURLs":["u"]}"#)
                == .attributes(id(0x8e9e_05c5_2164_694d), name: "n", clientURLs: ["u"]))
        #expect(
            change("/0/members/ab/attributes", "{}")
                == .attributes(id(0xAB), name: "", clientURLs: []))
        #expect(change("/0/version", "3.5.0") == .version(SemanticVersion(3, 5)))
        #expect(change("/0/version", "soon") == nil)
        #expect(change("/0/members/ab/attributes", "no JSON") == nil)
        #expect(change("/0/members/xyz/attributes", "{}") == nil)
        #expect(change("/0/members/ab/raftAttributes", "{}") == nil)
        #expect(change("/1/members/ab/attributes", "{}") == nil)
        #expect(change("", "") == nil)
    }

    /// A 3.5 member's database has neither names nor client URLs of the other members.
    @Test func attributesThatTheDatabaseLacksAreRestoredFromTheTree() throws {
        var source = try MembershipFixture()
        for number: UInt64 in 1...3 { source.add(number, "http://\(number):1") }
        for number: UInt64 in 1...2 {
            source.membership.publish(
                name: "m\(number)", clientURLs: ["http://c\(number):1"], of: id(number),
                into: &source.batch)
        }
        let tree = Array(source.membership.legacyTreeJSON.utf8)
        let published = ClusterMembership.publishedAttributes(inLegacyTree: tree)
        #expect(published.count == 2)

        var fixture = try MembershipFixture()
        for number: UInt64 in 1...3 { fixture.add(number, "http://\(number):1") }
        fixture.membership.publish(
            name: "newer", clientURLs: ["http://newer:1"], of: id(2), into: &fixture.batch)
        let later = ClusterMembership.LegacyChange.attributes(
            id(1), name: "m1", clientURLs: ["http://moved:1"])
        fixture.membership.restorePublishedAttributes(published + [later], into: &fixture.batch)
        let restarted = try fixture.restarted()
        #expect(restarted.members.map(\.name) == ["m1", "newer", ""])
        #expect(
            restarted.members.map(\.clientURLs) == [["http://moved:1"], ["http://newer:1"], []])
    }

    @Test(arguments: ["", "{", "[]", "{\"Root\":{\"Children\":{\"0\":7}}}", "{\"Root\":null}"])
    func malformedTreesAreIgnored(text: String) {
        #expect(ClusterMembership.publishedAttributes(inLegacyTree: Array(text.utf8)).isEmpty)
    }
}
