using Managed.Kernels;

namespace Managed.Hooks;

/// <summary>
/// Keeps copies of what passes a hook point and changes nothing. Unlike a <see cref="HookAction"/> it does not hold up the device: what it
/// keeps may be read when the step has ended.
/// </summary>
internal interface IHookReader
{
    /// <summary>Asks the device for copies of values; rows and shape are as a hook would see them.</summary>
    void Read(IDevice device, Rows values, HookContext at);
}
