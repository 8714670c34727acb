namespace ILGPU;

/// <summary>
/// Marks a check that only managed code makes (on the host, on the CPU accelerator): the compiler drops calls to it, with their arguments.
/// Such a method returns nothing.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class KernelIgnoredAttribute : Attribute;
