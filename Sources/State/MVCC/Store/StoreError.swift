package import Bolt
package import EtcdAPI

/// Why a store could not be opened, read, persisted or compacted. Each stops the member.
package enum StoreError: Error, Equatable, Sendable {
    /// The backend file failed, or a page of it is damaged.
    case bolt(BoltError)
    /// A record has a key that is no revision or not behind the one before, a value that is no
    /// KeyValue or no lease, or numbers that no store comes to.
    case malformedRecord(key: [UInt8])
    /// The key index has no room, at the start or for an entry.
    case index(KeyIndexError)
    /// The file lacks the record of a revision that the index names.
    case missingRecord(Revision)
}

/// Why a read was not carried out.
package enum ReadError: Error, Equatable, Sendable {
    /// The request asks for what cannot be read; its client is told.
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
    /// Runs reads of the file that only damage makes fail.
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
    /// Runs what only damage makes fail.
    @inline(__always)
    static func reading<Result>(
        _ body: () throws(StoreError) -> Result
    ) throws(ReadError) -> Result {
        do throws(StoreError) {
            return try body()
        } catch {
            throw .failed(error)
        }
    }

    /// Runs checks of what a request asks for.
    @inline(__always)
    static func checking<Result>(
        _ body: () throws(EtcdError) -> Result
    ) throws(ReadError) -> Result {
        do throws(EtcdError) {
            return try body()
        } catch {
            throw .refused(error)
        }
    }
}
