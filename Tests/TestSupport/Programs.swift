import Glibc

/// The path of a program of this package, which is built beside the tests; nil if it is not built.
package func builtProgram(_ name: String) -> String? {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    guard count > 0 else { return nil }
    let tests = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    guard let slash = tests.lastIndex(of: "/") else { return nil }
    let path = tests[...slash] + name
    return access(String(path), X_OK) == 0 ? String(path) : nil
}

/// The path of a program on PATH.
package func installedProgram(_ name: String) -> String? {
    let folders = getenv("PATH").map { String(cString: $0) } ?? ""
    return folders.split(separator: ":").lazy.map { "\($0)/\(name)" }
        .first { access($0, X_OK) == 0 }
}
