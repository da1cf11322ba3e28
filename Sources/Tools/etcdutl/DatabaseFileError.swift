import Bolt
import Disk

/// Why a file cannot be opened as a database, with bbolt's text where it has one.
struct DatabaseFileError: Error {
    let text: String

    init(text: String) {
        self.text = text
    }

    init(_ error: BoltError, path: String, disk: any Disk) {
        switch error {
        case .disk(let error): text = "\(error)"
        case .invalidFile(BoltError.noValidMetaPage):
            text = (try? Self.metaPageFault(path, disk)) ?? BoltError.noValidMetaPage
        default: text = "\(error)"
        }
    }

    /// What bbolt finds wrong with a file that has no valid meta page.
    private static func metaPageFault(
        _ path: String, _ disk: any Disk
    ) throws -> String {
        let file = try disk.open(path, .read)
        defer { file.close() }
        let size = try file.size()
        // bbolt reads one page to find the page size, and then needs both meta pages.
        guard size >= 4096 else { return "invalid database" }
        guard size >= 8192 else { return "file size too small \(size)" }
        var head = [UInt8](repeating: 0, count: 24)
        let count = try head.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
        guard count == head.count, head[16..<20].elementsEqual([0xED, 0xDA, 0x0C, 0xED]) else {
            return "invalid database"
        }
        guard head[20..<24].elementsEqual([2, 0, 0, 0]) else { return "version mismatch" }
        return "checksum error"
    }
}
