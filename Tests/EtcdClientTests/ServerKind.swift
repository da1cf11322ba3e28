import TestSupport
import Testing

/// Which server a test runs against.
enum ServerKind: String, Sendable, CaseIterable, CustomTestStringConvertible {
    /// An etcd of the machine; tests are not run with it where none is installed.
    case etcd
    /// The one of this package.
    case ours

    var program: String? {
        switch self {
        case .etcd: installedProgram("etcd")
        case .ours: builtProgram("etcd")
        }
    }

    static let available = allCases.filter { $0.program != nil }

    var testDescription: String { rawValue }
}
