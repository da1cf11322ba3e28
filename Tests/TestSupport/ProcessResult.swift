/// How a program ended, and what it wrote.
package struct ProcessResult: Sendable {
    /// The exit status, or the negated number of the signal that ended it.
    package let status: Int32
    package let output: String
    package let errors: String

    /// Runs a program to its end.
    package init(
        _ program: String, _ arguments: [String], environment: [String]? = nil
    ) throws {
        let directory = try TemporaryDirectory()
        defer { withExtendedLifetime(directory) {} }
        let outputPath = directory.path + "/output"
        let errorsPath = directory.path + "/errors"
        let process = try ChildProcess(
            program, arguments, environment: environment,
            output: .files(output: outputPath, errors: errorsPath))
        status = process.wait()
        output = try text(ofFile: outputPath)
        errors = try text(ofFile: errorsPath)
    }

    /// Runs a program of this package to its end.
    package init(built name: String, _ arguments: [String]) throws {
        guard let path = builtProgram(name) else { throw TestSupportError("\(name) is not built") }
        try self.init(path, arguments)
    }

    /// Runs a command of the shell; the errors of its last command go to the output too.
    package init(shell command: String) throws {
        try self.init("/bin/sh", ["-c", command + " 2>&1"])
    }
}
