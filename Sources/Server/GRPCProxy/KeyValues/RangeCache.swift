/// Responses of ranges, for serializable ranges of the same identity.
///
/// Bounded in entries and in bytes: an entry that was not used since the last round of the hand is
/// replaced by the next one. Writes through the proxy remove what they may change, also the responses
/// that are under way: a response that was read before the write is never stored after it.
struct RangeCache {
    /// What a response belongs to.
    struct Key: Hashable {
        let token: String?
        /// The request as the client encoded it, but serializable.
        let request: [UInt8]
    }

    private struct Entry {
        let key: Key
        let keys: KeyInterval
        let response: [UInt8]
        /// Whether it was read since the hand passed it.
        var isUsed = false
        var bytes: Int { key.request.count + (key.token?.utf8.count ?? 0) + response.count }
    }

    private let entriesMax: Int
    private let bytesMax: Int
    /// Larger responses are not stored.
    private let responseBytesMax: Int
    /// nil: free.
    private var slots: [Entry?] = []
    private var free: [Int] = []
    private var indices: [Key: Int] = [:]
    /// Slots of responses for one key, and of those for a range.
    private var singles: [ArraySlice<UInt8>: Set<Int>] = [:]
    private var ranges: Set<Int> = []
    private var hand = 0
    private var bytes = 0
    /// Reads that are under way, and what they read.
    private var reads: [UInt64: KeyInterval] = [:]
    private var nextRead: UInt64 = 0
    /// The highest revision of a compaction through the proxy.
    private(set) var compactRevision: Int64 = 0

    init(entriesMax: Int = 2048, bytesMax: Int = 64 << 20, responseBytesMax: Int = 1 << 20) {
        self.entriesMax = max(entriesMax, 1)
        self.bytesMax = bytesMax
        self.responseBytesMax = responseBytesMax
    }

    /// The number of stored responses.
    var count: Int { indices.count }

    mutating func response(_ key: Key) -> [UInt8]? {
        guard let index = indices[key] else { return nil }
        slots[index]?.isUsed = true
        return slots[index]?.response
    }

    mutating func compacted(at revision: Int64) {
        compactRevision = max(compactRevision, revision)
    }

    // MARK: - Reads

    /// A read is sent; its response may be stored by `store` with this number.
    mutating func beginRead(_ keys: KeyInterval) -> UInt64 {
        nextRead += 1
        reads[nextRead] = keys
        return nextRead
    }

    mutating func cancelRead(_ read: UInt64) { reads[read] = nil }

    /// Stores the response of a read, unless a write came between.
    mutating func store(_ response: [UInt8], _ key: Key, read: UInt64) {
        guard let keys = reads.removeValue(forKey: read), response.count <= responseBytesMax else {
            return
        }
        if let index = indices[key] { remove(index) }
        let entry = Entry(key: key, keys: keys, response: response)
        guard entry.bytes <= bytesMax else { return }
        while count >= entriesMax || bytes + entry.bytes > bytesMax { evict() }
        let index = free.popLast() ?? slots.count
        if index == slots.count { slots.append(entry) } else { slots[index] = entry }
        bytes += entry.bytes
        indices[key] = index
        if keys.isSingle {
            singles[keys.start, default: []].insert(index)
        } else {
            ranges.insert(index)
        }
    }

    private mutating func evict() {
        while true {
            hand = hand + 1 < slots.count ? hand + 1 : 0
            guard let entry = slots[hand] else { continue }
            guard entry.isUsed else { return remove(hand) }
            slots[hand]?.isUsed = false
        }
    }

    private mutating func remove(_ index: Int) {
        guard let entry = slots[index] else { return }
        slots[index] = nil
        free.append(index)
        bytes -= entry.bytes
        indices[entry.key] = nil
        guard entry.keys.isSingle else {
            ranges.remove(index)
            return
        }
        singles[entry.keys.start]?.remove(index)
        if singles[entry.keys.start]?.isEmpty == true { singles[entry.keys.start] = nil }
    }

    // MARK: - Writes

    /// Removes what a write of these keys may change. Called when the write is sent, and again when
    /// it has ended.
    mutating func invalidate(_ keys: KeyInterval) {
        for (read, interval) in reads where interval.overlaps(keys) { reads[read] = nil }
        var found = ranges.filter { slots[$0]?.keys.overlaps(keys) == true }
        if keys.isSingle {
            found.formUnion(singles[keys.start] ?? [])
        } else {
            for (key, indices) in singles where keys.contains(key) { found.formUnion(indices) }
        }
        for index in found { remove(index) }
    }

    /// Removes everything.
    mutating func clear() {
        reads = [:]
        slots = []
        free = []
        indices = [:]
        singles = [:]
        ranges = []
        hand = 0
        bytes = 0
    }
}
