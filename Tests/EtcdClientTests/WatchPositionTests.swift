import struct EtcdAPI.KeyValue
import Testing

@testable import EtcdClient

@Suite("Where a watch goes on")
struct WatchPositionTests {
    private func event(_ key: String, _ revision: Int64) -> WatchEvent {
        let pair = KeyValue(key: Array(key.utf8)[...], modRevision: revision)
        return WatchEvent(kind: .put, pair: KeyValuePair(pair, KeyPrefix()), previous: nil)
    }

    private func keys(_ events: [WatchEvent]) -> [String] { events.map(\.pair.keyText) }

    @Test func aNewWatchBeginsBehindTheRevisionOfItsCreation() {
        var position = WatchPosition(0)
        position.created(at: 7)
        #expect(position.next == 8)
        position.created(at: 9)
        #expect(position.next == 8)
    }

    @Test func completeRevisionsAreNotRequestedAgain() {
        var position = WatchPosition(5)
        let events = [event("a", 5), event("b", 6)]
        #expect(keys(position.advance(over: events, isFragment: false)) == ["a", "b"])
        #expect(position.next == 7)
        position.resumed()
        #expect(keys(position.advance(over: [event("c", 7)], isFragment: false)) == ["c"])
    }

    @Test func aRevisionThatWasCutGoesOnBehindWhatWasDelivered() {
        var position = WatchPosition(5)
        _ = position.advance(
            over: [event("a", 5), event("b", 6), event("c", 6)], isFragment: true)
        #expect(position.next == 6)
        position.resumed()
        let again = [event("b", 6), event("c", 6), event("d", 6), event("e", 8)]
        #expect(keys(position.advance(over: again, isFragment: false)) == ["d", "e"])
        #expect(position.next == 9)
    }

    @Test func aSecondLossInTheSameRevisionCountsAllOfIt() {
        var position = WatchPosition(6)
        _ = position.advance(over: [event("a", 6)], isFragment: true)
        position.resumed()
        let second = position.advance(over: [event("a", 6), event("b", 6)], isFragment: true)
        #expect(keys(second) == ["b"])
        position.resumed()
        let third = position.advance(
            over: [event("a", 6), event("b", 6), event("c", 6)], isFragment: false)
        #expect(keys(third) == ["c"])
    }

    @Test func aLossDuringTheRepetitionLosesNothing() {
        var position = WatchPosition(6)
        _ = position.advance(over: [event("a", 6), event("b", 6)], isFragment: true)
        position.resumed()
        #expect(position.advance(over: [event("a", 6)], isFragment: true).isEmpty)
        position.resumed()
        let rest = position.advance(
            over: [event("a", 6), event("b", 6), event("c", 6)], isFragment: false)
        #expect(keys(rest) == ["c"])
    }

    @Test func progressAdvances() {
        var position = WatchPosition(3)
        position.completed(9)
        #expect(position.next == 10)
        position.completed(4)
        #expect(position.next == 10)
    }
}
