int main()
{
    return best;
}
