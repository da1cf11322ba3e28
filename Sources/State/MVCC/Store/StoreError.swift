package import Bolt
package import EtcdAPI

/// An error of opening, reading, persisting or compacting a store. Each stops the member.
package enum StoreError: Error, Equatable, Sendable {
    /// The backend file failed, or a page of it is damaged.
    case bolt(BoltError)
    /// A record has a key that is not a revision or does not follow the previous one, a value that
    /// is not a KeyValue or a lease, or numbers out of range.
    case malformedRecord(key: [UInt8])
    /// The key index cannot reserve memory at the start, or is full.
    case index(KeyIndexError)
    /// The file lacks the record of a revision in the index.
    case missingRecord(RevisionPair)
}

/// An error of a read.
package enum ReadError: Error, Equatable, Sendable {
    /// The requested revision cannot be read; the client gets the error.
    case refused(EtcdError)
    /// The database is damaged: the member must stop.
    case failed(StoreError)
}

extension StoreError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .bolt(let error): "\(error)"
        case .malformedRecord(let key): "corrupt database: malformed record \(key)"
        case .missingRecord(let revision): "corrupt database: no record of revision \(revision)"
        case .index(let error): "\(error)"
        }
    }
}

extension StoreError {
    /// Runs reads of the file that fail only on damage.
    @inline(__always)
    static func reading<Result>(
        _ body: () throws(PageFault) -> Result
    ) throws(StoreError) -> Result {
        do throws(PageFault) {
            return try body()
        } catch {
            throw .bolt(.corrupt(error))
        }
    }
}

extension ReadError {
    /// Runs reads that fail only on damage.
    @inline(__always)
    package static func reading<Result>(
        _ body: () throws(StoreError) -> Result
    ) throws(ReadError) -> Result {
        do throws(StoreError) {
            return try body()
        } catch {
            throw .failed(error)
        }
    }

    /// Runs checks of a request.
    @inline(__always)
    package static func checking<Result>(
        _ body: () throws(EtcdError) -> Result
    ) throws(ReadError) -> Result {
        do throws(EtcdError) {
            return try body()
        } catch {
            throw .refused(error)
        }
    }
}
