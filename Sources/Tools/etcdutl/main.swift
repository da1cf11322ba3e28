import ArgumentParser
import Glibc

let arguments = Array(CommandLine.arguments.dropFirst())
if let failure = unknownCommand(in: arguments, of: EtcdUtl.self, path: ["etcdutl"]) {
    failure.end()
}
do {
    var command = try EtcdUtl.parseAsRoot(arguments)
    try command.run()
} catch let failure as ToolFailure {
    failure.end()
} catch {
    EtcdUtl.exit(withError: error)
}
