import CommandParsing

/// completion: prints a script that completes the names of commands and flags in a shell.
enum CompletionCommand {
    static func run(_ invocation: Invocation) throws(ToolFailure) {
        guard invocation.arguments.count == 1 else {
            throw .operation("accepts 1 arg(s), received \(invocation.arguments.count)")
        }
        let shell = invocation.arguments[0]
        switch shell {
        case "bash": StandardOutput.line(bash)
        case "zsh":
            StandardOutput.line(
                "#compdef etcdctl\n\nautoload -U +X bashcompinit\nbashcompinit\n\n" + bash)
        case "fish": StandardOutput.line(fish)
        case "powershell": StandardOutput.line(powershell)
        default:
            throw .operation("invalid argument \"\(shell)\" for \"etcdctl completion\"")
        }
    }

    /// Every command with the words that may follow it.
    private static var table: [(command: String, words: [String])] {
        var rows: [(command: String, words: [String])] = []
        func add(_ command: Command, _ path: [Command]) {
            let words =
                command.subcommands.map(\.name)
                + Etcdctl.parser.flags(of: path).map { "--" + $0.name }
            rows.append((path.map(\.name).joined(separator: " "), words))
            for next in command.subcommands { add(next, path + [next]) }
        }
        add(CommandTree.root, [])
        return rows
    }

    private static var bash: String {
        let cases = table.map { row in
            "        \"\(row.command)\") words=\"\(row.words.joined(separator: " "))\" ;;"
        }
        return """
            # bash completion for etcdctl
            _etcdctl() {
                local command="" word words=""
                for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
                    [[ $word == -* ]] || command="${command:+$command }$word"
                done
                case "$command" in
            \(cases.joined(separator: "\n"))
                esac
                COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))
            }
            complete -o default -F _etcdctl etcdctl
            """
    }

    private static var fish: String {
        let lines = table.flatMap { row in
            row.words.map { word in
                let condition =
                    "test (string join ' ' -- '' (string match -v -- '-*' (commandline -opc)[2..])"
                    + " | string trim)"
                let option = word.hasPrefix("--") ? "-l \(word.dropFirst(2))" : "-f -a \(word)"
                return "complete -c etcdctl -n \"\(condition) = '\(row.command)'\" \(option)"
            }
        }
        return (["# fish completion for etcdctl"] + lines).joined(separator: "\n")
    }

    private static var powershell: String {
        let lines = table.map { row in
            let words = row.words.map { "'\($0)'" }.joined(separator: ", ")
            return "        '\(row.command)' = @(\(words))"
        }
        return """
            # powershell completion for etcdctl
            Register-ArgumentCompleter -Native -CommandName etcdctl -ScriptBlock {
                param($word, $line, $position)
                $table = @{
            \(lines.joined(separator: "\n"))
                }
                $words = $line.CommandElements | Select-Object -Skip 1 | ForEach-Object { "$_" }
                $command = ($words | Where-Object { $_ -notlike '-*' -and $_ -ne $word }) -join ' '
                $table[$command] | Where-Object { $_ -like "$word*" }
            }
            """
    }
}
