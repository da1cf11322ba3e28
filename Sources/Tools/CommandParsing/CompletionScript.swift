/// Scripts that complete the names of a program's commands and flags in a shell.
package struct CompletionScript {
    private let parser: CommandLineParser
    private let program: String

    package init(_ parser: CommandLineParser) {
        self.parser = parser
        program = parser.root.name
    }

    /// The script for `bash`, `zsh`, `fish` or `powershell`; nil for another shell.
    package func text(for shell: String) -> String? {
        switch shell {
        case "bash": bash
        case "zsh": "#compdef \(program)\n\nautoload -U +X bashcompinit\nbashcompinit\n\n" + bash
        case "fish": fish
        case "powershell": powershell
        default: nil
        }
    }

    /// Every command with the words that may follow it.
    private var table: [(command: String, words: [String])] {
        var rows: [(command: String, words: [String])] = []
        func add(_ command: Command, _ path: [Command]) {
            let words =
                command.subcommands.map(\.name)
                + parser.flags(of: path).map { "--" + $0.name }
            rows.append((path.map(\.name).joined(separator: " "), words))
            for next in command.subcommands { add(next, path + [next]) }
        }
        add(parser.root, [])
        return rows
    }

    private var bash: String {
        let cases = table.map { row in
            "        \"\(row.command)\") words=\"\(row.words.joined(separator: " "))\" ;;"
        }
        return """
            # bash completion for \(program)
            _\(program)() {
                local command="" word words=""
                for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
                    [[ $word == -* ]] || command="${command:+$command }$word"
                done
                case "$command" in
            \(cases.joined(separator: "\n"))
                esac
                COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))
            }
            complete -o default -F _\(program) \(program)
            """
    }

    private var fish: String {
        let lines = table.flatMap { row in
            row.words.map { word in
                let condition =
                    "test (string join ' ' -- '' (string match -v -- '-*' (commandline -opc)[2..])"
                    + " | string trim)"
                let option = word.hasPrefix("--") ? "-l \(word.dropFirst(2))" : "-f -a \(word)"
                return "complete -c \(program) -n \"\(condition) = '\(row.command)'\" \(option)"
            }
        }
        return (["# fish completion for \(program)"] + lines).joined(separator: "\n")
    }

    private var powershell: String {
        let lines = table.map { row in
            let words = row.words.map { "'\($0)'" }.joined(separator: ", ")
            return "        '\(row.command)' = @(\(words))"
        }
        return """
            # powershell completion for \(program)
            Register-ArgumentCompleter -Native -CommandName \(program) -ScriptBlock {
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
