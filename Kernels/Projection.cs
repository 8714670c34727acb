namespace Managed.Kernels;

/// <summary>One linear layer of a group that shares its input: Output[t] = Weight · input[t] + Bias.</summary>
internal readonly record struct Projection(Rows Output, Weight Weight, DeviceBuffer? Bias = null);
