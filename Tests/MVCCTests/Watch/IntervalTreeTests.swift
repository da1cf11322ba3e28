import Disk
import Testing

@testable import MVCC

@Suite struct IntervalTreeTests {
    @Test(arguments: [1, 2, 3] as [UInt64])
    func findsWhatALinearSearchFinds(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let stream = WatchStream(receiver: RecordingReceiver())
        var tree = IntervalTree()
        var watchers: [Watcher] = []
        for step in 0..<1500 {
            if random.below(3) > 0 || watchers.isEmpty {
                let start = [UInt8(random.below(40)), UInt8(random.below(3))]
                let end = random.below(8) == 0 ? [0] : [UInt8(random.below(40) + 1)]
                let watcher = Watcher(
                    id: Int64(step), configuration: WatcherConfiguration(key: start, end: end),
                    stream: stream, nextRevision: 0)
                tree.insert(watcher)
                watchers.append(watcher)
            } else {
                tree.remove(watchers.remove(at: random.below(watchers.count)))
            }
            let key = [UInt8(random.below(42)), UInt8(random.below(3))]
            var found: [Int64] = []
            key.withUnsafeBytes { key in tree.forEach(containing: key) { found.append($0.id) } }
            let expected = watchers.filter { watcher in
                key.withUnsafeBytes { watcher.configuration.contains($0) }
            }
            #expect(found.sorted() == expected.map(\.id).sorted())
        }
    }
}
