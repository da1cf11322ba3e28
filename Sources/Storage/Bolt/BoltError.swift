package import Disk

/// An error of an operation on a Bolt file.
package enum BoltError: Error, Equatable, Sendable {
    /// The file system failed.
    case disk(DiskError)
    /// Neither meta page is valid, or the file is shorter than its meta page states.
    case invalidFile(reason: String)
    /// A damaged page was read.
    case corrupt(PageFault)
    /// A bucket needs a name.
    case bucketNameRequired
    /// No bucket of this name.
    case bucketNotFound
    /// A bucket where a value is expected, or vice versa.
    case incompatibleValue
    /// A key has at least one byte.
    case keyRequired
    /// A key has at most 32,768 bytes.
    case keyTooLarge(sizeBytes: Int)
    /// A value has at most 2^31 - 2 bytes.
    case valueTooLarge(sizeBytes: Int)
    /// An earlier commit failed and left the disk in an unknown state; nothing can be committed any
    /// more.
    case failedBefore(DiskError)
}

/// A page that violates the format, found by a read. Data read from such a file may be wrong: the
/// member must stop.
package struct PageFault: Error, Hashable, Sendable {
    package enum Reason: UInt8, Sendable {
        /// The page is above the high-water mark, or its overflow pages are.
        case outOfBounds
        /// The header holds another page's number.
        case wrongIdentity
        /// Neither a branch nor a leaf where one is needed.
        case wrongType
        /// The element table is longer than the page.
        case elementsOutOfBounds
        /// A key or value lies outside its page.
        case dataOutOfBounds
        /// An element is neither a key nor a bucket.
        case elementType
        /// A page without elements where at least one is needed.
        case empty
        /// The tree is deeper than possible: its pages form a circle.
        case tooDeep
        /// Keys do not ascend.
        case order
        /// Reached twice, or freed twice.
        case crossLinked
        /// A bucket's header or inline page does not fit its value.
        case bucketHeader
        /// The freelist is invalid.
        case freelist
    }

    package let page: UInt64
    package let reason: Reason

    package init(page: UInt64, reason: Reason) {
        self.page = page
        self.reason = reason
    }

    init(_ page: PageID, _ reason: Reason) {
        self.init(page: page.rawValue, reason: reason)
    }
}

extension BoltError {
    /// The reason of `invalidFile` for a file that is no database.
    package static let noValidMetaPage = "neither meta page is valid"

    /// Whether the file system does not have the operation that failed, or the system does not allow
    /// it.
    package var isUnsupported: Bool {
        guard case .disk(let error) = self else { return false }
        return error.isUnsupported
    }
}

extension BoltError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .disk(let error): "\(error)"
        case .invalidFile(let reason): "invalid database: \(reason)"
        case .corrupt(let fault): "\(fault)"
        case .bucketNameRequired: "bucket name required"
        case .bucketNotFound: "bucket not found"
        case .incompatibleValue: "incompatible value"
        case .keyRequired: "key required"
        case .keyTooLarge(let size): "key too large: \(size) bytes"
        case .valueTooLarge(let size): "value too large: \(size) bytes"
        case .failedBefore(let error): "an earlier commit failed: \(error)"
        }
    }
}

extension PageFault: CustomStringConvertible {
    package var description: String { "corrupt database: page \(page): \(reason)" }
}

/// Runs reads and converts their page faults to errors of the whole operation.
@inline(__always)
func wrappingPageFaults<Result>(
    _ body: () throws(PageFault) -> Result
) throws(BoltError) -> Result {
    do throws(PageFault) {
        return try body()
    } catch {
        throw .corrupt(error)
    }
}
