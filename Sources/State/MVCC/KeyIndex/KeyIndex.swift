import Identifiers

/// The keys of the store in byte order, each with the versions that compaction has retained.
///
/// A B+tree of 4 KB pages in one reserved mapping, with page ids as pointers: no allocation and no
/// reference counting per key. A leaf entry holds the newest record of its key; older ones are
/// stored in a chunk of a second arena. Inner entries count the live keys of their subtrees, so
/// that counting any range at the newest revision costs two descents.
///
/// Guarantees: after `compact(at: C)` reads at main revisions >= C return the same as before. A
/// write that does not fit into the reservation throws and changes nothing.
///
/// Invariants: every key's revisions ascend; a key without records is not in the tree; the live
/// counts are exact. `verify()` checks them.
///
/// Not thread-safe: the caller excludes writers while others read. Reads change nothing, so any
/// number of threads may read at once.
package final class KeyIndex {
    var pages: PageArena
    var chunks: ChunkArena
    /// Start of the pages; they never move.
    let pageBase: UnsafeMutableRawPointer
    /// Start of the chunks; they never move.
    let chunkBase: UnsafeMutableRawPointer
    /// The page from which descents start.
    var root: UInt32
    /// Highest main revision written so far; reads at or above it see the newest records.
    var newestMain: Revision = 0
    /// The path of the writer's last descent.
    var path: KeyPath
    /// Bytes of the longest key so far.
    var longestKey = 0
    /// Buffers for the writer's key reconstruction and page copies.
    var scratch: WriterScratch

    /// Keys that exist at the newest revision.
    package internal(set) var liveKeyCount = 0
    /// Keys that have any record, deleted ones included.
    package internal(set) var keyCount = 0

    /// Makes an empty index that can grow to `reservedBytes` of pages and as much history, or to
    /// less where the system limits address space (see `reservedBytes`).
    package init(reservedBytes: Int = 64 << 30) throws(KeyIndexError) {
        pages = try PageArena(reservedBytes: reservedBytes)
        chunks = try ChunkArena(reservedBytes: reservedBytes)
        pageBase = pages.base
        chunkBase = chunks.base
        path = KeyPath()
        scratch = WriterScratch()
        root = pages.allocate()
        page(root).format(
            level: 0, lower: UnsafeRawBufferPointer(start: nil, count: 0), upper: nil,
            chunks: &chunks)
    }

    /// Bytes that pages and history may each grow to.
    package var reservedBytes: Int { min(pages.reservedBytes, chunks.reservedBytes) }

    /// Whether more than so many eighths of its memory are used. At seven, only operations that free
    /// space should continue.
    package func isFilled(eighths: Int) -> Bool {
        pages.usedCount * PageArena.pageSizeBytes > pages.bytesMax / 8 * eighths
            || chunks.takenBytes > chunks.bytesMax / 8 * eighths
    }

    /// Bytes in use for pages, histories and long keys.
    package var sizeBytes: Int {
        pages.usedCount * PageArena.pageSizeBytes + chunks.usedBytes
    }

    /// Views a page.
    @inline(__always)
    func page(_ id: UInt32) -> IndexPage {
        assert(id != 0, "page id 0 is invalid")
        return IndexPage(
            base: pageBase + Int(id) * PageArena.pageSizeBytes, chunkBase: chunkBase)
    }

    /// The child page of an inner entry.
    @inline(__always)
    func child(_ page: IndexPage, _ index: Int) -> UInt32 {
        page.payload(index).loadUnaligned(as: UInt32.self)
    }

    /// The leaf that holds or would hold `key`.
    @inline(__always)
    func leaf(for key: UnsafeRawBufferPointer) -> IndexPage {
        var current = page(root)
        while !current.isLeaf { current = page(child(current, current.childIndex(key))) }
        return current
    }
}
