namespace Managed.Ilgpu.Extensions;

/// <summary>
/// Reads of global memory that no thread of the launch writes. On an NVIDIA GPU they take the read-only path, which needs no ordering with
/// writes; on other devices, and with the published packages, they are plain reads. A struct of four 32-bit words, or another of 16 bytes whose
/// alignment is known, is read in one access.
/// </summary>
public static class ReadOnly
{
    /// <summary>Reads what will be read again soon.</summary>
    public static T Load<T>(ref readonly T at)
        where T : unmanaged => at;

    /// <summary>Reads what is needed once: it takes no room in the first cache.</summary>
    public static T LoadOnce<T>(ref readonly T at)
        where T : unmanaged => at;

    /// <summary>
    /// As <see cref="LoadOnce"/>, but it is not moved behind barriers and waits that stand after it: for what is to be on its way meanwhile.
    /// </summary>
    public static T LoadOnceAhead<T>(ref readonly T at)
        where T : unmanaged => at;
}
