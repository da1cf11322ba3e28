/// A text in double quotes as Go's `%q` writes it.
func quoted(_ text: String) -> String {
    "\"" + text + "\""
}
