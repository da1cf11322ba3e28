/// The pairs of a range in pieces of bounded size, all of one revision.
///
/// Members of version 3.7 stream them; of others they are read page by page. After a loss of the
/// connection it goes on with the next key. Throws `compacted` if the revision is compacted
/// meanwhile.
public struct RangePages: AsyncSequence, Sendable {
    public typealias Element = [KeyValuePair]

    let client: EtcdClient
    let keys: KeyRange
    let options: RangeOptions
    let pageLimit: Int64

    public func makeAsyncIterator() -> Iterator {
        Iterator(reader: RangePageReader(self))
    }

    public struct Iterator: AsyncIteratorProtocol {
        let reader: RangePageReader

        /// The next pairs, never an empty array; nil at the end.
        public mutating func next() async throws(EtcdClientError) -> [KeyValuePair]? {
            try await reader.next()
        }
    }
}

extension EtcdClient {
    /// Reads keys piece by piece in their order, without having all of them in memory.
    ///
    /// - Parameters:
    ///   - options: `order` and `countOnly` must not be set.
    ///   - pageLimit: pairs of one page, if the member does not stream.
    public func pages(
        _ keys: KeyRange, _ options: RangeOptions = RangeOptions(), pageLimit: Int64 = 500
    ) -> RangePages {
        precondition(options.order == nil && !options.countOnly, "pages come in the order of keys")
        return RangePages(client: self, keys: keys, options: options, pageLimit: pageLimit)
    }
}
