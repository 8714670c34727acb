using System.Runtime.InteropServices;
using Managed.Kernels;

namespace Managed.Tests.Devices;

/// <summary>What is given back is lent again, once, and only that.</summary>
public class HostMemoryTests
{
    private static float[] ArrayOf(Memory<float> memory) => MemoryMarshal.TryGetArray(memory, out ArraySegment<float> segment) ? segment.Array! : [];

    [Test]
    public void What_is_given_back_is_lent_again_to_who_asks_for_as_much()
    {
        var memory = new HostMemory();
        Memory<float> first = memory.Rent(100);
        memory.Return(first);
        Assert.That(ArrayOf(memory.Rent(99)), Is.Not.SameAs(ArrayOf(first)));
        Assert.That(ArrayOf(memory.Rent(100)), Is.SameAs(ArrayOf(first)));
    }

    [Test]
    public void Nothing_is_lent_twice()
    {
        var memory = new HostMemory();
        Memory<float> first = memory.Rent(100);
        memory.Return(first);
        memory.Return(first);
        Memory<float> second = memory.Rent(100), third = memory.Rent(100);
        Assert.That(ArrayOf(second), Is.Not.SameAs(ArrayOf(third)));
    }

    [Test]
    public void What_was_never_lent_is_not_taken()
    {
        var memory = new HostMemory();
        float[] own = new float[100];
        memory.Return(own);
        memory.Return(default);
        Assert.That(ArrayOf(memory.Rent(100)), Is.Not.SameAs(own));
    }
}
