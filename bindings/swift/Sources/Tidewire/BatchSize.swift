/// How many items are taken from the native library at once.
package enum BatchSize {
    private static let size = Locked<UInt32>(256)

    /// At most so many; fewer if they take more than 64 KiB. Only the bench sets it.
    package static var most: UInt32 {
        get { size.with { $0 } }
        set { size.with { $0 = newValue } }
    }
}
