namespace Managed.Kernels;
internal static class Exp
{
    public static int Mode;
    public static bool Has(int bit) => (Mode & bit) != 0;
}
