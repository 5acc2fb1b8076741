int main()
{
    guess();
}
