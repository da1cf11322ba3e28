/// What prevents a test from running.
package struct TestSupportError: Error {
    package let what: String

    package init(_ what: String) {
        self.what = what
    }
}
