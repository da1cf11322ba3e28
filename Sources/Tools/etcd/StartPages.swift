import Glibc

/// Releases the pages of the program file that were mapped while the member started.
///
/// Relocation tables, flag tables, runtime metadata and code that runs once take several times the
/// memory that serving needs. They are never written, so pages that are needed again come from the
/// page cache.
func releaseStartPages() {
    guard let maps = fopen("/proc/self/maps", "r") else { return }
    defer { fclose(maps) }
    var line: UnsafeMutablePointer<CChar>?
    var capacity = 0
    defer { free(line) }
    while getline(&line, &capacity, maps) > 0 {
        guard let line, let code = codeOfProgram(String(cString: line)) else { continue }
        // The member runs whether or not the advice succeeds.
        _ = madvise(UnsafeMutableRawPointer(bitPattern: code.start), code.size, MADV_DONTNEED)
    }
}

/// The code range of this program if a line of the maps has one. Code is mapped executable and not
/// writable: only such pages are equal in the file and in memory.
private func codeOfProgram(_ line: String) -> (start: UInt, size: Int)? {
    let fields = line.split(whereSeparator: \.isWhitespace)
    guard fields.count >= 6, fields[1] == "r-xp", fields[5] == programPath else { return nil }
    let bounds = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
    guard bounds.count == 2, bounds[0] < bounds[1] else { return nil }
    return (bounds[0], Int(bounds[1] - bounds[0]))
}

private let programPath: String = {
    let capacity = Int(PATH_MAX)
    var path = [CChar](repeating: 0, count: capacity)
    let count = readlink("/proc/self/exe", &path, capacity)
    return String(decoding: path.prefix(max(count, 0)).map(UInt8.init(bitPattern:)), as: UTF8.self)
}()
